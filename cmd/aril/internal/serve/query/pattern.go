package query

// A Piece is one part of a pattern: a text, any text, or one character.
type Piece struct {
	Text string
	Wild byte // '%' or '_'; 0 for Text
}

// Pattern takes what like, startswith or endswith has apart.
func (c Condition) Pattern() []Piece {
	text := c.Values[0].Text
	any := Piece{Wild: '%'}
	switch c.Op {
	case StartsWith:
		return []Piece{{Text: text}, any}
	case EndsWith:
		return []Piece{any, {Text: text}}
	}
	pieces, wild := pieces(text)
	if wild == 0 {
		return append(append([]Piece{any}, pieces...), any)
	}
	return pieces
}

// pieces cuts a pattern of like at its wildcards.
func pieces(pattern string) (all []Piece, wild int) {
	var text []byte
	flush := func() {
		if len(text) > 0 {
			all = append(all, Piece{Text: string(text)})
			text = nil
		}
	}
	for i := 0; i < len(pattern); i++ {
		c := pattern[i]
		switch {
		case c == '\\' && i+1 < len(pattern) && (pattern[i+1] == '%' || pattern[i+1] == '_' || pattern[i+1] == '\\'):
			i++
			text = append(text, pattern[i])
		case c == '%' || c == '_':
			flush()
			wild++
			// Several % are one; so is what a client repeats to be slow.
			if n := len(all); c == '_' || n == 0 || all[n-1].Wild != '%' {
				all = append(all, Piece{Wild: c})
			}
		default:
			text = append(text, c)
		}
	}
	flush()
	return all, wild
}

func checkPattern(f Field, pattern string) error {
	all, _ := pieces(pattern)
	n := 0
	for _, p := range all {
		if p.Wild != 0 {
			n++
		}
	}
	if n > MaxWildcards {
		return f.wrong(Like, "more than %d of %% and _", MaxWildcards)
	}
	return nil
}
