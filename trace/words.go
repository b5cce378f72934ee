package trace

import "fmt"

// Words is a text for people, in English and in Chinese.
type Words struct {
	EN string `json:"en"`
	ZH string `json:"zh"`
}

// In returns the text in a language: "zh", or English.
func (w Words) In(lang string) string {
	if lang == "zh" {
		return w.ZH
	}
	return w.EN
}

// say makes Words of two formats for the same arguments, which either may take
// by their numbers.
func say(en, zh string, args ...any) Words {
	return Words{fmt.Sprintf(en, args...), fmt.Sprintf(zh, args...)}
}
