# resolver: nothing yet
