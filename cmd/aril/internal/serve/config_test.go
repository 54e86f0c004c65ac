package serve

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const definitions = "testdata/definitions"

func TestWhatIsLeftOutIsTheDefault(t *testing.T) {
	t.Parallel()
	c, err := Config{}.withDefaults()
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:8080", c.Listen)
	require.Equal(t, "sqlite:aril.db", c.Database)
	require.Equal(t, 30*time.Second, c.Timeout)
	require.EqualValues(t, 1<<20, c.BodyBytes)
	require.Empty(t, c.Admin, "nobody asked for it")
	c, err = Config{Dev: true, Definitions: definitions}.withDefaults()
	require.NoError(t, err)
	require.Equal(t, "sqlite::memory:", c.Database)
}

func TestAConfigThatCannotBeIsToldInWords(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for want, c := range map[string]Config{
		"without --tokens everybody there may do everything": {Listen: ":8080"},
		"make a token with `aril serve token":                {Listen: "0.0.0.0:8080"},
		"--listen example.com:80 can be reached":             {Listen: "example.com:80"},
		"--listen [::]:80 can be reached":                    {Listen: "[::]:80"},
		`--listen is "8080": want HOST:PORT`:                 {Listen: "8080"},
		`--listen is "localhost:http2": "http2" is no port`:  {Listen: "localhost:http2"},
		`--admin is "x"`:                                           {Admin: "x"},
		"--pprof shows memory of the process":                      {Admin: ":9090", Pprof: true},
		"--pprof needs --admin":                                    {Pprof: true},
		"--tls-cert and --tls-key go together":                     {TLSCert: "x"},
		`--compat is "0.0.1"; want docs, 0.0.26 or 0.0.33`:         {Compat: "0.0.1"},
		`--on-failure is "ignore"`:                                 {OnFailure: "ignore"},
		"--timeout is -1s":                                         {Timeout: -time.Second},
		"--connections is -1":                                      {Connections: -1},
		"--body-bytes is -1":                                       {BodyBytes: -1},
		"--definitions: stat nope: no such file":                   {Definitions: "nope"},
		"--definitions: " + file + " is no directory":              {Definitions: file},
		"--secrets: stat nope":                                     {Secrets: "nope"},
		"--dev needs --definitions":                                {Dev: true},
		"--database is none of sqlite:PATH":                        {Database: "mysql://x"},
		"--database is none":                                       {Database: "sqlite:"},
		"nope: no such file or directory; make the directory":      {Database: "sqlite:nope/aril.db"},
		"--database is no URL such as postgres://user@host:5432/n": {Database: "postgres://a:secr%zzet@h/d"},
	} {
		_, err := c.withDefaults()
		var wrong *ConfigError
		require.ErrorAs(t, err, &wrong, want)
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "zzet", "no error shows a password")
	}
	_, err := Config{Compat: "x", OnFailure: "y"}.withDefaults()
	require.ErrorContains(t, err, "--compat")
	require.ErrorContains(t, err, "--on-failure", "everything that is wrong is told at once")
}

func TestTokensAreNeedlessOnThisMachineAlone(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"127.0.0.1:1": true, "127.9.9.9:1": true, "[::1]:1": true, "localhost:1": true, "[::ffff:127.0.0.1]:1": true,
		"0.0.0.0:1": false, ":1": false, "[::]:1": false, "10.0.0.1:1": false, "localhost.example.com:1": false, "[::ffff:10.0.0.1]:1": false,
	} {
		got, err := loopback(address)
		require.NoError(t, err)
		require.Equal(t, want, got, address)
		_, err = Config{Listen: address, Tokens: "x"}.withDefaults()
		require.NoError(t, err)
	}
}

func TestADatabasesNameHasNoSecretInIt(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"sqlite:aril.db": "sqlite:aril.db",
		"postgres://aril:geheim@db:5432/aril?sslpassword=geheim": "postgres://db:5432/aril",
		"postgres:///aril?host=/run/postgresql&password=geheim":  "postgres:///aril",
		"postgres://u:geheim%zz@db/aril":                         "a database",
	} {
		require.Equal(t, want, DatabaseName(url))
	}
	for url, want := range map[string]bool{
		"sqlite:aril.db": false, "postgres://aril@db/aril": false, "postgres:///aril?host=/tmp": false,
		"postgres://aril:x@db/aril": true, "postgres://db/aril?password=x": true, "postgres://u:x%zz@db/aril": true,
	} {
		require.Equal(t, want, HasPassword(url), url)
	}
}
