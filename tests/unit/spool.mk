# unit tests of spool
