noinst_LIBRARIES += src/resolver/libresolver.a
src_resolver_libresolver_a_SOURCES = \
	src/resolver/dns.c src/resolver/dns.h \
	src/resolver/lookup.c src/resolver/lookup.h \
	src/resolver/packet.c src/resolver/packet.h \
	src/resolver/resolver.c src/resolver/resolver.h
LIB_RESOLVER = src/resolver/libresolver.a $(LIB_WORKER) \
	src/lib/smtp/libsmtp.a $(LIB_BASE)

pkglibexec_PROGRAMS += src/resolver/postrider-resolver
src_resolver_postrider_resolver_SOURCES = src/resolver/main.c
src_resolver_postrider_resolver_LDADD = $(LIB_RESOLVER) $(IO_LIBS) \
	$(UNBOUND_LIBS)
