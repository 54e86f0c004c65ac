package enrich

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestANumberThatNoValidatorCanCompareIsRefused(t *testing.T) {
	t.Parallel()
	for _, n := range []string{"1e9999999", "-1E+999999999", "1e-99999999999999999999", "1" + strings.Repeat("0", 600)} {
		doc := scriptDoc("a", "", limitsScript)
		doc.JSON = []byte(strings.Replace(string(doc.JSON), `"attributes":{`, `"attributes":{"timeoutSeconds":`+n+`,`, 1))
		e := newScripts(t, Config{})
		require.Equal(t, []Issue{{File: doc.Name, Line: 1, Member: "Extension.TimeoutSeconds", Message: "a number has 512 digits at most, and an exponent up to 512"}},
			refusal(t, e, scriptTask("core"), doc))
	}
}
