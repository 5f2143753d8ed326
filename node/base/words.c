/* SPDX-License-Identifier: Apache-2.0 */
#include "words.h"

#include <string.h>
#include <strings.h>

#include "cleanup.h"

static const char *const words[256] = {
	"acorn", "actor", "album", "almond", "amber", "anchor", "animal", "ankle",
	"apple", "apron", "arch", "arrow", "artist", "atlas", "autumn", "bacon",
	"badge", "baker", "bamboo", "banjo", "barley", "barrel", "basil", "basket",
	"beach", "beacon", "bean", "beaver", "berry", "bicycle", "blanket", "blossom",
	"board", "boat", "bottle", "bowl", "branch", "brass", "bread", "brick",
	"bridge", "broom", "brush", "bucket", "buffalo", "butter", "button", "cabin",
	"cactus", "camel", "camera", "canal", "candle", "canoe", "carpet", "carrot",
	"castle", "cedar", "cellar", "chalk", "cherry", "chess", "circle", "citrus",
	"clay", "clock", "cloud", "clover", "coast", "cobalt", "coffee", "comet",
	"copper", "coral", "cotton", "cousin", "cradle", "crane", "cricket", "crown",
	"crystal", "cup", "curtain", "daisy", "dancer", "desert", "diamond", "dinner",
	"dolphin", "domino", "donkey", "door", "dragon", "drum", "eagle", "earth",
	"elbow", "elephant", "elm", "engine", "evening", "falcon", "farmer", "feather",
	"fern", "fiddle", "field", "finger", "flag", "flute", "forest", "fossil",
	"fountain", "fox", "garden", "garlic", "ginger", "glacier", "glove", "goat",
	"gold", "grape", "gravel", "guitar", "hammer", "harbor", "harvest", "hazel",
	"helmet", "heron", "hill", "honey", "horse", "island", "ivory", "jacket",
	"jasmine", "jewel", "jungle", "kettle", "kitchen", "kite", "ladder", "lagoon",
	"lake", "lantern", "laurel", "lemon", "letter", "library", "lily", "linen",
	"lion", "lobster", "lumber", "magnet", "mango", "maple", "marble", "market",
	"meadow", "melon", "mirror", "mitten", "monkey", "moon", "morning", "mountain",
	"museum", "mushroom", "napkin", "needle", "nest", "night", "noodle", "north",
	"oak", "ocean", "olive", "onion", "orange", "orchard", "otter", "oven",
	"oyster", "paddle", "palace", "panda", "paper", "parrot", "pasta", "peach",
	"pearl", "pebble", "pencil", "pepper", "piano", "pigeon", "pillow", "pine",
	"planet", "plum", "pocket", "pony", "potato", "pumpkin", "quail", "quilt",
	"rabbit", "radio", "raft", "rainbow", "raven", "ribbon", "rice", "river",
	"robin", "rocket", "rose", "saddle", "sailor", "salmon", "sand", "scarf",
	"school", "shadow", "sheep", "shell", "silver", "sister", "snow", "soup",
	"spider", "spoon", "spring", "squash", "stable", "star", "stone", "sugar",
	"summer", "sunset", "swan", "table", "tiger", "tomato", "tower", "train",
	"tulip", "turtle", "valley", "velvet", "village", "violin", "wagon", "walnut",
};

const char *
words_print(const uint8_t *bytes, size_t n, char *out)
{
	char *p = out;

	*p = '\0';
	for (size_t i = 0; i < n; i++)
		p = stpcpy(stpcpy(p, i > 0 ? " " : ""), words[bytes[i]]);
	return out;
}

static int
find(const char *text, size_t len)
{
	for (size_t i = 0; i < nelem(words); i++)
		if (strlen(words[i]) == len && strncasecmp(words[i], text, len) == 0)
			return (int)i;
	return -1;
}

int
words_parse(const char *text, uint8_t *ret, size_t n)
{
	static const char gaps[] = " \t\r\n-,";

	text += strspn(text, gaps);
	for (size_t i = 0; i < n; i++) {
		size_t len = strcspn(text, gaps);
		int word = find(text, len);

		if (word < 0)
			return E_BAD;
		ret[i] = (uint8_t)word;
		text += len;
		text += strspn(text, gaps);
	}
	return *text == '\0' ? 0 : E_BAD;
}
