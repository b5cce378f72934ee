package trace

import (
	"maps"
	"slices"
)

// Languages returns those that a Text can narrate in, as "en".
func Languages() []string {
	return append([]string{"en"}, slices.Sorted(maps.Keys(languages))...)
}

// HasLanguage reports whether a Text can narrate in lang.
func HasLanguage(lang string) bool { return slices.Contains(Languages(), lang) }

// languages has, for each language but English, the formats of that language by
// those of English. Events' names, which are the runtime's own, stay.
var languages = map[string]map[string]string{"zh": {}}
