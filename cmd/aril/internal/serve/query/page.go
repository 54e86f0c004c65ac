package query

import (
	"net/url"
	"strconv"
)

// parseNumber reads a whole number from 1 to most.
func parseNumber(v url.Values, name string, without, most int) (int, error) {
	texts := v[name]
	if len(texts) == 0 || len(texts) == 1 && texts[0] == "" {
		return without, nil
	}
	n, err := strconv.Atoi(texts[0])
	if err != nil || len(texts) > 1 || n < 1 || n > most {
		return 0, invalid(InvalidPage, "%s: not one whole number from 1 to %d", name, most)
	}
	return n, nil
}

// unsupported refuses what would change the answer and is not there.
func unsupported(v url.Values) error {
	for _, name := range []string{"groupBy", "aggregations", "aggregation"} {
		if v.Has(name) {
			return noGroups(name)
		}
	}
	return nil
}
