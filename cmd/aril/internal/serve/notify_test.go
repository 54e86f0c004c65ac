package serve

import (
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSystemdIsToldHowFarTheServiceIs(t *testing.T) {
	name := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	require.NoError(t, err)
	defer l.Close()
	require.NoError(t, l.SetReadDeadline(time.Now().Add(patience)))
	t.Setenv("NOTIFY_SOCKET", name)
	heard := func() string {
		b := make([]byte, 64)
		n, err := l.Read(b)
		require.NoError(t, err)
		return string(b[:n])
	}
	r := runs(t, Config{})
	require.Equal(t, "READY=1", heard())
	require.NoError(t, r.end(t))
	require.Equal(t, "STOPPING=1", heard())
	t.Setenv("NOTIFY_SOCKET", name+"-nope")
	require.Error(t, notify("READY=1"))
	t.Setenv("NOTIFY_SOCKET", "")
	require.NoError(t, notify("READY=1"))
}
