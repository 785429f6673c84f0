# unit tests of receiver
