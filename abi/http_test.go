package abi_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/abi/names"
)

func TestKeysAndCodesOfFetchAgreeWithNames(t *testing.T) {
	t.Parallel()
	text := section(t, "#### "+names.ModuleHTTP+".fetch")
	require.Equal(t, []map[string]string{
		need(names.KeyStatus, names.KeyHeaders, names.KeyBody),
		need(names.KeyMethod+"?", names.KeyURL, names.KeyHeaders+"?", names.KeyBody+"?", names.KeyTimeoutMS+"?"),
	}, keyTables(text))
	require.Equal(t, []string{
		names.CodeInvalidArgument, names.CodeLimit, names.CodeInvalidRequest, names.CodeDeniedHost, names.CodeUnresolved, names.CodeDeniedAddress,
		names.CodeRefused, names.CodeTLS, names.CodeTooLarge, names.CodeTooManyRedirects, names.CodeTimeout, names.CodeBadResponse,
	}, codesIn(text))
}
