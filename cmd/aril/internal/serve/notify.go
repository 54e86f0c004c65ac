package serve

import (
	"net"
	"os"
)

// notify tells systemd how far the service is, where it asked to be told.
// https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
func notify(state string) error {
	name := os.Getenv("NOTIFY_SOCKET")
	if name == "" {
		return nil
	}
	// A name that begins with @ is an abstract one, here as there.
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.Write([]byte(state))
	return err
}
