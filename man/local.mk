# manuals
dist_man_MANS += \
	man/mailq.postrider.1 \
	man/postrider-log.5 \
	man/postrider-scheduling.7 \
	man/postrider-spool.5 \
	man/postrider.8 \
	man/postrider.conf.5 \
	man/postriderd.8 \
	man/sendmail.postrider.1
