# unit tests of smtp
