# scheduler: nothing yet
