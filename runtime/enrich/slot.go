package enrich

import (
	"strings"
)

// keyPrefix is what the names of extensions begin with by convention.
const keyPrefix = "extension-"

// variableName turns a key into the name of a member: "extension-user-session"
// into "extensionUserSession". Words end at runs of '-', '_' and blanks.
func variableName(key string) string {
	var b strings.Builder
	for i, word := range strings.FieldsFunc(key, func(r rune) bool { return r == '-' || r == '_' || r == ' ' }) {
		word = strings.ToLower(word)
		if i > 0 {
			word = strings.ToUpper(word[:1]) + word[1:]
		}
		b.WriteString(word)
	}
	name := b.String()
	if name == "" || !isLetter(name[0]) && name[0] != '_' {
		return "_" + name
	}
	return name
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// slot is the member of "extensions" that holds what an extension made.
func (c Compat) slot(e *Extension) string {
	if e.ResponseKey != "" {
		return e.ResponseKey
	}
	if c == CompatDocs {
		if rest, ok := strings.CutPrefix(e.Key, keyPrefix); ok && strings.Trim(rest, "-") != "" {
			return variableName(rest)
		}
	}
	return variableName(e.Key)
}
