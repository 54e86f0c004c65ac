package enrich

import (
	"cmp"
	"strconv"
	"strings"
)

const latest = "latest"

// CompareVersions orders "1.2.3" and "1.2.3-alpha.4" as [cmp.Compare] does: by
// number, a version with a suffix before the one without.
func CompareVersions(a, b string) int {
	an, as, _ := strings.Cut(a, "-")
	bn, bs, _ := strings.Cut(b, "-")
	if c := compareDotted(an, bn); c != 0 {
		return c
	}
	switch {
	case as == bs:
		return 0
	case as == "":
		return 1
	case bs == "":
		return -1
	}
	aw, ak, _ := strings.Cut(as, ".")
	bw, bk, _ := strings.Cut(bs, ".")
	return cmp.Or(cmp.Compare(strings.ToLower(aw), strings.ToLower(bw)), compareNumbers(ak, bk))
}

func compareDotted(a, b string) int {
	for a != "" || b != "" {
		var x, y string
		x, a, _ = strings.Cut(a, ".")
		y, b, _ = strings.Cut(b, ".")
		if c := compareNumbers(x, y); c != 0 {
			return c
		}
	}
	return 0
}

// compareNumbers compares digits of any length.
func compareNumbers(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

// versionFits tells whether a version is one that a reference means.
func versionFits(wanted, version string) bool {
	if wanted == "" || wanted == latest || wanted == version {
		return true
	}
	if strings.Contains(wanted, "-") || strings.Count(wanted, ".") == 2 {
		return false
	}
	number, suffix, _ := strings.Cut(version, "-")
	return suffix == "" && strings.HasPrefix(number+".", wanted+".")
}

// PickVersion finds the newest of versions, which are in falling order, that
// wanted means, as a [Reference] does: a whole version, the beginning of one, or
// "latest" or "" for any. A version with a suffix is taken where it is named, or
// where there is no other.
func PickVersion[T any](versions []T, version func(T) string, wanted string) (T, bool) {
	var fallback T
	found := false
	for _, v := range versions {
		if !versionFits(wanted, version(v)) {
			continue
		}
		if !strings.Contains(version(v), "-") || wanted == version(v) {
			return v, true
		}
		if !found {
			fallback, found = v, true
		}
	}
	return fallback, found
}

func itoa(n int) string { return strconv.Itoa(n) }
