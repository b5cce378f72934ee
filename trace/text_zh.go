package trace

// languages are those that a Text can narrate in, beside English.
var languages = map[string]map[string]string{"zh": {}}
