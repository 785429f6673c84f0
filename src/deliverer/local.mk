# deliverer: nothing yet
