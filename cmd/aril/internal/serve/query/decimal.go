package query

import (
	"encoding/binary"
	"errors"
	"strconv"
	"strings"
)

// Bounds of numbers, in conditions and in what is kept: larger ones cost much
// to compare, and PostgreSQL does not take all of them.
const (
	maxNumberBytes = 1000 // as written
	maxExponent    = 400  // of ten, either way
)

// A Decimal is a number as JSON writes it, exactly: ±0.digits × 10^exponent.
// The zero Decimal is 0.
type Decimal struct {
	negative bool
	digits   string // neither begins nor ends with 0; "" for 0
	exponent int
}

var errNumber = errors.New("not a number of at most 1,000 characters and, but for 0, of a size from 1e-401 to below 1e400")

// ParseDecimal reads a number of JSON. Two texts of one number give equal
// Decimals.
func ParseDecimal(s string) (Decimal, error) {
	if len(s) > maxNumberBytes || !jsonNumber(s) {
		return Decimal{}, errNumber
	}
	var d Decimal
	s, d.negative = strings.CutPrefix(s, "-")
	if at := strings.IndexAny(s, "eE"); at >= 0 {
		e, err := strconv.Atoi(strings.TrimPrefix(s[at+1:], "+"))
		if err != nil || max(e, -e) > maxExponent+maxNumberBytes {
			return Decimal{}, errNumber
		}
		d.exponent, s = e, s[:at]
	}
	whole, fraction, _ := strings.Cut(s, ".")
	d.exponent += len(whole)
	digits := strings.TrimLeft(whole+fraction, "0")
	d.exponent -= len(whole) + len(fraction) - len(digits)
	d.digits = strings.TrimRight(digits, "0")
	if d.digits == "" {
		return Decimal{}, nil
	}
	if max(d.exponent, -d.exponent) > maxExponent {
		return Decimal{}, errNumber
	}
	return d, nil
}

// jsonNumber is whether s is a number of RFC 8259.
func jsonNumber(s string) bool {
	digits := func() bool {
		n := 0
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		s = s[n:]
		return n > 0
	}
	s = strings.TrimPrefix(s, "-")
	if len(s) > 1 && s[0] == '0' && s[1] >= '0' && s[1] <= '9' {
		return false
	}
	if !digits() {
		return false
	}
	if rest, ok := strings.CutPrefix(s, "."); ok {
		if s = rest; !digits() {
			return false
		}
	}
	if s != "" && (s[0] == 'e' || s[0] == 'E') {
		if s = s[1:]; s != "" && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		if !digits() {
			return false
		}
	}
	return s == ""
}

// String is a number of JSON.
func (d Decimal) String() string {
	if d.digits == "" {
		return "0"
	}
	sign := ""
	if d.negative {
		sign = "-"
	}
	return sign + "0." + d.digits + "e" + strconv.Itoa(d.exponent)
}

// AppendKey appends bytes whose order is that of the numbers.
func (d Decimal) AppendKey(b []byte) []byte {
	if d.digits == "" {
		return append(b, 1)
	}
	at := len(b)
	b = append(b, 2)
	b = binary.BigEndian.AppendUint16(b, uint16(d.exponent+1<<15)) //nolint:gosec // within ±maxExponent
	b = append(b, d.digits...)
	if d.negative {
		// The mirror image; with an end above every digit, since -12 is below -1.
		b[at] = 0
		for i := at + 1; i < len(b); i++ {
			b[i] = ^b[i]
		}
		b = append(b, 0xff)
	}
	return b
}
