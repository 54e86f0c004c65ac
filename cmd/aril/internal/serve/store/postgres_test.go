package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store/storetest"
)

func TestWhatPostgreSQLAcknowledgesIsOnItsDisk(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ add, want string }{
		{"", "on"},
		{"&options=-c%20synchronous_commit%3Doff", "on"},
		{"&options=-c%20synchronous_commit%3Dremote_apply", "remote_apply"},
		{"&synchronous_commit=off", "off"}, // asked for by name
	} {
		s := storetest.Open(t, storetest.Postgres(t)+c.add)
		got, err := s.Setting(t.Context(), "synchronous_commit")
		require.NoError(t, err)
		require.Equal(t, c.want, got, c.add)
	}
}

func TestTheURLSaysHowPostgreSQLIsUsed(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t)
	s := storetest.Open(t, url)
	for name, want := range map[string]string{"statement_timeout": "1min", "lock_timeout": "5s", "application_name": "aril"} {
		got, err := s.Setting(t.Context(), name)
		require.NoError(t, err)
		require.Equal(t, want, got, name)
	}
	s = storetest.Open(t, url+"&pool_max_conns=3&statement_timeout=7000&application_name=other")
	for name, want := range map[string]string{"statement_timeout": "7s", "application_name": "other"} {
		got, err := s.Setting(t.Context(), name)
		require.NoError(t, err)
		require.Equal(t, want, got, name)
	}
	_, _, most := s.Connections()
	require.Equal(t, 3, most)
}

// A server may be set to an isolation in which writes fail for the sake of
// others; the store does them again.
func TestSerializableWritesAreDoneAgain(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t) + "&default_transaction_isolation=serializable"
	testOneOfFifty(t, []*store.Store{storetest.Open(t, url), storetest.Open(t, url)})
}
