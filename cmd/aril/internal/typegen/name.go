package typegen

import (
	"strings"
	"unicode"
)

// words splits a name at everything that is no letter or digit, and before a
// capital that follows a small letter.
func words(name string) []string {
	var list []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			list = append(list, string(word))
			word = nil
		}
	}
	var last rune
	for _, r := range name {
		ok := r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r))
		if !ok || unicode.IsUpper(r) && (unicode.IsLower(last) || unicode.IsDigit(last)) {
			end()
		}
		if ok {
			word = append(word, r)
		}
		last = r
	}
	end()
	return list
}

// Camel writes a name as "OrderPlace". A name without a letter is "X" and
// what it has.
func Camel(name string) string {
	var b strings.Builder
	for _, w := range words(name) {
		b.WriteString(strings.ToUpper(w[:1]) + w[1:])
	}
	if s := b.String(); s != "" && !unicode.IsDigit(rune(s[0])) {
		return s
	}
	return "X" + b.String()
}

// LowerCamel writes a name as "orderPlace".
func LowerCamel(name string) string {
	c := Camel(name)
	return strings.ToLower(c[:1]) + c[1:]
}

// Snake writes a name as "order_place".
func Snake(name string) string {
	list := words(name)
	for i := range list {
		list[i] = strings.ToLower(list[i])
	}
	s := strings.Join(list, "_")
	if s == "" || unicode.IsDigit(rune(s[0])) {
		return "x" + s
	}
	return s
}
