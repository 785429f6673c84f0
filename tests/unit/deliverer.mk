# unit tests of deliverer
