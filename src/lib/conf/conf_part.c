/* SPDX-License-Identifier: ISC
 *
 * conf_part.c - parts of a whole: "2", "10%".
 */
#include "conf/conf_type.h"

enum { PERCENT_MOST = 90 };

bool
conf_part_read(const struct conf_option *option,
    const struct conf_words *words, void *field, struct err *err)
{
	static const char wanted[] =
	    "a number or a percentage is wanted, as in 2 or 10%";
	struct conf_part *part = field;
	struct span digits;
	uint64_t value;
	bool percent;

	if (!conf_one_word(option, words, wanted, err))
		return false;
	digits = span_of(words->word[0]);
	percent = digits.length > 0 &&
	    digits.data[digits.length - 1] == '%';
	if (percent)
		digits.length--;
	if (digits.length == 0 || !span_number(digits, UINT64_MAX, &value))
		return conf_wrong(option, words->word[0], err, "%s", wanted);
	if (percent ? value > PERCENT_MOST :
	    value < option->least || value > option->most)
		return conf_wrong(option, words->word[0], err, "out of "
		    "range: least %llu, most %llu, or %d%%",
		    (unsigned long long)option->least,
		    (unsigned long long)option->most, PERCENT_MOST);
	part->number = (unsigned)value;
	part->percent = percent;
	return true;
}

void
conf_part_write(const struct conf_option *option, const void *field,
    const char *indent, struct buf *out)
{
	const struct conf_part *part = field;

	conf_line_start(option, indent, out);
	buf_printf(out, " %u%s\n", part->number, part->percent ? "%" : "");
}

unsigned
conf_part_of(struct conf_part part, unsigned whole)
{
	uint64_t n = part.number;

	if (n == 0 || whole < 2)
		return 0;
	if (part.percent)
		n = n * whole / 100;
	if (n == 0)
		return 1;
	return n < whole ? (unsigned)n : whole - 1;
}
