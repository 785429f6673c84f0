# One libFuzzer program per pure parser: configure CC=clang --enable-fuzz.
# tests/fuzz/run gives each some seconds; its seeds are in seeds/NAME.
EXTRA_DIST += tests/fuzz/run tests/fuzz/seeds tests/fuzz/words.dict
if FUZZ
LIBFUZZER = $(AM_LDFLAGS) -fsanitize=fuzzer
FUZZING_INCLUDES = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
TESTS += tests/fuzz/run

check_PROGRAMS += tests/fuzz/fuzz_conf
tests_fuzz_fuzz_conf_SOURCES = tests/fuzz/fuzz_conf.c
tests_fuzz_fuzz_conf_LDFLAGS = $(LIBFUZZER)
tests_fuzz_fuzz_conf_LDADD = $(LIB_CONF)

check_PROGRAMS += tests/fuzz/fuzz_command
tests_fuzz_fuzz_command_SOURCES = tests/fuzz/fuzz_command.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_command_CPPFLAGS = $(FUZZING_INCLUDES)
tests_fuzz_fuzz_command_LDFLAGS = $(LIBFUZZER)
tests_fuzz_fuzz_command_LDADD = $(LIB_SMTP)

check_PROGRAMS += tests/fuzz/fuzz_addrlist
tests_fuzz_fuzz_addrlist_SOURCES = tests/fuzz/fuzz_addrlist.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_addrlist_CPPFLAGS = $(FUZZING_INCLUDES)
tests_fuzz_fuzz_addrlist_LDFLAGS = $(LIBFUZZER)
tests_fuzz_fuzz_addrlist_LDADD = $(LIB_CTL) $(JANSSON_LIBS)

check_PROGRAMS += tests/fuzz/fuzz_intake
tests_fuzz_fuzz_intake_SOURCES = tests/fuzz/fuzz_intake.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_intake_CPPFLAGS = $(FUZZING_INCLUDES)
tests_fuzz_fuzz_intake_LDFLAGS = $(LIBFUZZER)
tests_fuzz_fuzz_intake_LDADD = $(LIB_CTL) $(JANSSON_LIBS)

check_PROGRAMS += tests/fuzz/fuzz_dot
tests_fuzz_fuzz_dot_SOURCES = tests/fuzz/fuzz_dot.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_dot_CPPFLAGS = $(FUZZING_INCLUDES)
tests_fuzz_fuzz_dot_LDFLAGS = $(LIBFUZZER)
tests_fuzz_fuzz_dot_LDADD = $(LIB_SMTP)

check_PROGRAMS += tests/fuzz/fuzz_header
tests_fuzz_fuzz_header_SOURCES = tests/fuzz/fuzz_header.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_header_CPPFLAGS = $(FUZZING_INCLUDES)
tests_fuzz_fuzz_header_LDFLAGS = $(LIBFUZZER)
tests_fuzz_fuzz_header_LDADD = $(LIB_MAIL)

check_PROGRAMS += tests/fuzz/fuzz_path
tests_fuzz_fuzz_path_SOURCES = tests/fuzz/fuzz_path.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_path_CPPFLAGS = $(FUZZING_INCLUDES)
tests_fuzz_fuzz_path_LDFLAGS = $(LIBFUZZER)
tests_fuzz_fuzz_path_LDADD = $(LIB_SMTP)

check_PROGRAMS += tests/fuzz/fuzz_reply
tests_fuzz_fuzz_reply_SOURCES = tests/fuzz/fuzz_reply.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_reply_CPPFLAGS = $(FUZZING_INCLUDES)
tests_fuzz_fuzz_reply_LDFLAGS = $(LIBFUZZER)
tests_fuzz_fuzz_reply_LDADD = $(LIB_SMTP)

check_PROGRAMS += tests/fuzz/fuzz_xtext
tests_fuzz_fuzz_xtext_SOURCES = tests/fuzz/fuzz_xtext.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_xtext_CPPFLAGS = $(FUZZING_INCLUDES)
tests_fuzz_fuzz_xtext_LDFLAGS = $(LIBFUZZER)
tests_fuzz_fuzz_xtext_LDADD = $(LIB_SMTP)

check_PROGRAMS += tests/fuzz/fuzz_session
tests_fuzz_fuzz_session_SOURCES = tests/fuzz/fuzz_session.c
tests_fuzz_fuzz_session_LDFLAGS = $(LIBFUZZER)
tests_fuzz_fuzz_session_LDADD = src/receiver/libsession.a $(LIB_SPOOL) \
	$(IO_LIBS)

check_PROGRAMS += tests/fuzz/fuzz_frame
tests_fuzz_fuzz_frame_SOURCES = tests/fuzz/fuzz_frame.c
tests_fuzz_fuzz_frame_LDFLAGS = $(LIBFUZZER)
tests_fuzz_fuzz_frame_LDADD = $(LIB_WIRE)

check_PROGRAMS += tests/fuzz/fuzz_client
tests_fuzz_fuzz_client_SOURCES = tests/fuzz/fuzz_client.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_client_CPPFLAGS = $(FUZZING_INCLUDES)
tests_fuzz_fuzz_client_LDFLAGS = $(LIBFUZZER)
tests_fuzz_fuzz_client_LDADD = $(LIB_DELIVERER) $(IO_LIBS)

check_PROGRAMS += tests/fuzz/fuzz_packet
tests_fuzz_fuzz_packet_SOURCES = tests/fuzz/fuzz_packet.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_packet_CPPFLAGS = $(FUZZING_INCLUDES)
tests_fuzz_fuzz_packet_LDFLAGS = $(LIBFUZZER)
tests_fuzz_fuzz_packet_LDADD = $(LIB_RESOLVER) $(IO_LIBS) $(UNBOUND_LIBS)

check_PROGRAMS += tests/fuzz/fuzz_envelope
tests_fuzz_fuzz_envelope_SOURCES = tests/fuzz/fuzz_envelope.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_envelope_CPPFLAGS = $(FUZZING_INCLUDES)
tests_fuzz_fuzz_envelope_LDFLAGS = $(LIBFUZZER)
tests_fuzz_fuzz_envelope_LDADD = $(LIB_SPOOL) $(IO_LIBS)

check_PROGRAMS += tests/fuzz/fuzz_segment
tests_fuzz_fuzz_segment_SOURCES = tests/fuzz/fuzz_segment.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_segment_CPPFLAGS = $(FUZZING_INCLUDES)
tests_fuzz_fuzz_segment_LDFLAGS = $(LIBFUZZER)
tests_fuzz_fuzz_segment_LDADD = $(LIB_SPOOL) $(IO_LIBS)

check_PROGRAMS += tests/fuzz/fuzz_status
tests_fuzz_fuzz_status_SOURCES = tests/fuzz/fuzz_status.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_status_CPPFLAGS = $(FUZZING_INCLUDES)
tests_fuzz_fuzz_status_LDFLAGS = $(LIBFUZZER)
tests_fuzz_fuzz_status_LDADD = $(LIB_SPOOL) $(IO_LIBS)
endif
