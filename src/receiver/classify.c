/* SPDX-License-Identifier: ISC
 *
 * classify.c - which class a message is of.
 */
#include "receiver/classify.h"

#include "receiver/transaction.h"

#include "mail/header.h"

enum { VALUE_MOST = 512 };	/* of a field's value that rules look at */

enum mail_class
class_of_priority(int priority)
{
	if (priority >= PRIORITY_URGENT_LEAST)
		return CLASS_URGENT;
	if (priority <= PRIORITY_BULK_MOST)
		return CLASS_BULK;
	return CLASS_NORMAL;
}

int
priority_of_class(enum mail_class klass)
{
	static const int levels[CLASS_COUNT] = {
		[CLASS_URGENT] = 4, [CLASS_NORMAL] = 0, [CLASS_BULK] = -4
	};

	return levels[klass];
}

/* "-9" to "9", and nothing else. */
static bool
priority_read(struct span text, int *out)
{
	bool negative = text.length > 0 && text.data[0] == '-';
	struct span digits = span_skip(text, negative);
	uint64_t number;

	if (digits.length != 1 ||
	    !span_number(digits, PRIORITY_MOST, &number))
		return false;
	*out = negative ? -(int)number : (int)number;
	return true;
}

/* The end of the comment that TEXT begins with, nested ones and all; the
 * length of TEXT if it has none. */
static size_t
comment_length(struct span text)
{
	unsigned depth = 0;

	for (size_t i = 0; i < text.length; i++) {
		if (text.data[i] == '\\')
			i++;
		else if (text.data[i] == '(')
			depth++;
		else if (text.data[i] == ')' && --depth == 0)
			return i + 1;
	}
	return text.length;
}

/* RFC 6758 lets comments stand before and behind the value. */
static bool
priority_field_read(struct span text, int *out)
{
	size_t length;

	text = span_trim(text);
	while (text.length > 0 && text.data[0] == '(')
		text = span_trim(span_skip(text, comment_length(text)));
	length = span_find(text, '(');
	if (!priority_read(span_trim(span_first(text, length)), out))
		return false;
	text = span_skip(text, length);
	while (text.length > 0 && text.data[0] == '(')
		text = span_trim(span_skip(text, comment_length(text)));
	return text.length == 0;
}

/*
 * The first rule, in the order of the configuration, that any field
 * matches: only rules before BEST can do better than what was found.
 */
static size_t
rule_for(const struct header_field *field, const struct conf *conf,
    size_t best)
{
	char value[VALUE_MOST];

	for (size_t i = 0; i < best; i++) {
		const struct conf_header *rule = &conf->headers[i];

		if (!span_is_nocase(field->name, rule->name))
			continue;
		header_value(field->value, value, sizeof value);
		if (conf_glob_matches(rule->pattern, span_of(value)))
			return i;
	}
	return best;
}

void
header_facts_read(struct header_facts *facts, struct span block,
    const struct conf *conf)
{
	size_t best = conf->header_count;
	struct header_field field;
	char value[VALUE_MOST];

	while (header_next(&block, &field)) {
		if (span_is_nocase(field.name, "Received"))
			facts->hops++;
		else if (span_is_nocase(field.name, "Message-ID"))
			header_value(field.value, facts->message_id,
			    MESSAGE_ID_MOST);
		else if (span_is_nocase(field.name, "MT-Priority") &&
		    !facts->has_priority) {
			header_value(field.value, value, sizeof value);
			facts->has_priority = priority_field_read(
			    span_of(value), &facts->priority);
		}
		best = rule_for(&field, conf, best);
	}
	if (best < conf->header_count) {
		facts->has_class = true;
		facts->klass = conf->headers[best].klass;
	}
}

/* What the message asks for; false: nothing, OUT is the default. */
static bool
class_asked(const struct client *client, const struct verdict *verdict,
    const struct header_facts *facts, enum mail_class *out)
{
	*out = client->klass;
	if (verdict->has_priority) {
		*out = class_of_priority(verdict->priority);
		return true;
	}
	if (!facts->has_class)
		return false;
	if (!client->trusted && facts->klass < *out)
		return false;
	*out = facts->klass;
	return true;
}

struct verdict
classify(const struct client *client, bool has_priority, int priority,
    const struct header_facts *facts)
{
	struct verdict verdict = { .has_priority = has_priority,
		.priority = priority };
	bool asked;

	if (!has_priority && facts->has_priority && client->trusted) {
		verdict.has_priority = true;
		verdict.priority = facts->priority;
	}
	asked = class_asked(client, &verdict, facts, &verdict.klass);
	if (verdict.klass < client->ceiling) {
		verdict.klass = client->ceiling;
		verdict.lowered = asked;
		if (verdict.has_priority)
			verdict.priority = priority_of_class(verdict.klass);
	}
	return verdict;
}
