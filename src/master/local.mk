# master: nothing yet
