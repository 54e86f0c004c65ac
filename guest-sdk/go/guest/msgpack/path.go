package msgpack

import "errors"

// ErrNotFound says that a path leads to nothing.
var ErrNotFound = errors.New("msgpack: no value at this path")

var errPath = errors.New("msgpack: a path step is a string or an int")

// Find gives the bytes of the value that path leads to, as a part of b,
// without decoding what lies around it. A string steps into a map, an int into
// an array. A step into something that is neither, or that has no such element,
// is [ErrNotFound]; malformed bytes on the way are a [*SyntaxError].
func Find(b []byte, path ...any) ([]byte, error) {
	r := Reader{b: b}
	for _, step := range path {
		_, found, err := r.step(step)
		if err != nil {
			return nil, err
		}
		if !found {
			return nil, ErrNotFound
		}
	}
	v := r.Raw()
	return v, r.err
}

// A container is where an element is, or where a new one would go.
type container struct {
	at, body int // of its header, of its first element
	n        int // elements, or pairs
	key      int // of the found pair's key
	isMap    bool
}

// step moves from the start of a container to that of the element, or to the
// end of the container when it has no such element.
func (r *Reader) step(step any) (c container, found bool, err error) {
	c.at = r.at
	switch step := step.(type) {
	case string:
		c.isMap = true
		if k := r.Kind(); k != KindMap && k != KindNil {
			return c, false, r.stray()
		}
		c.n = r.Map()
		c.body = r.at
		for range c.n {
			c.key = r.at
			if r.Kind() == KindStr {
				if key := r.str(); string(key) == step && r.err == nil {
					return c, true, nil
				}
			} else {
				r.Skip()
			}
			r.Skip()
		}
	case int:
		if k := r.Kind(); k != KindArray && k != KindNil {
			return c, false, r.stray()
		}
		c.n = r.Array()
		c.body = r.at
		for i := range c.n {
			if i == step && r.err == nil {
				return c, true, nil
			}
			r.Skip()
		}
	default:
		return c, false, errPath
	}
	return c, false, r.err
}

// stray is the error of a step into what is no container.
func (r *Reader) stray() error {
	if r.Kind() == KindNone {
		r.Skip()
		return r.err
	}
	return ErrNotFound
}

// Set gives b with the value at path replaced by the bytes of another, and
// every other byte as it was. What is missing on the way is made: a map for a
// string, an array for the int 0; an int equal to an array's length appends.
// No bytes at all stand for nil. b itself does not change.
func Set(b, value []byte, path ...any) ([]byte, error) {
	if len(b) == 0 {
		b = []byte{codeNil}
	}
	r := Reader{b: b}
	for i, step := range path {
		c, found, err := r.step(step)
		if err != nil {
			return nil, err
		}
		if found {
			continue
		}
		if index, ok := step.(int); ok && index != c.n {
			return nil, ErrNotFound
		}
		added, err := appendElement(nil, step, path[i+1:], value)
		if err != nil {
			return nil, err
		}
		return c.resize(b, c.n+1, r.at, r.at, added), nil
	}
	at := r.at
	if r.Skip(); r.err != nil {
		return nil, r.err
	}
	return splice(b, at, r.at, value), nil
}

// Delete gives b without the element at path, and every other byte as it was.
// An element that is not there is [ErrNotFound].
func Delete(b []byte, path ...any) ([]byte, error) {
	var c container
	r := Reader{b: b}
	for _, step := range path {
		var found bool
		var err error
		if c, found, err = r.step(step); err != nil {
			return nil, err
		}
		if !found {
			return nil, ErrNotFound
		}
	}
	if len(path) == 0 {
		return nil, ErrNotFound
	}
	from := r.at
	if c.isMap {
		from = c.key
	}
	if r.Skip(); r.err != nil {
		return nil, r.err
	}
	return c.resize(b, c.n-1, from, r.at, nil), nil
}

// resize gives b with n elements in c, the bytes from..to being replaced.
func (c *container) resize(b []byte, n, from, to int, by []byte) []byte {
	header := AppendArray(nil, n)
	if c.isMap {
		header = AppendMap(nil, n)
	}
	out := make([]byte, 0, len(b)+len(header)+len(by))
	out = append(append(out, b[:c.at]...), header...)
	out = append(append(out, b[c.body:from]...), by...)
	return append(out, b[to:]...)
}

func splice(b []byte, from, to int, by []byte) []byte {
	out := make([]byte, 0, len(b)-(to-from)+len(by))
	out = append(append(out, b[:from]...), by...)
	return append(out, b[to:]...)
}

// appendElement appends the element that step names, with value at the end of
// the path below it.
func appendElement(b []byte, step any, below []any, value []byte) ([]byte, error) {
	if key, ok := step.(string); ok {
		b = AppendStr(b, key)
	}
	if len(below) == 0 {
		return append(b, value...), nil
	}
	switch next := below[0].(type) {
	case string:
		b = AppendMap(b, 1)
	case int:
		if next != 0 {
			return nil, ErrNotFound
		}
		b = AppendArray(b, 1)
	default:
		return nil, errPath
	}
	return appendElement(b, below[0], below[1:], value)
}
