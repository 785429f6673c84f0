# A configuration to begin with; it never replaces one that is in use.
sampledir = $(sysconfdir)/postrider
dist_sample_DATA = etc/postrider.conf.sample
# Rules that a configuration may include.
dist_pkgdata_DATA = etc/providers.conf
