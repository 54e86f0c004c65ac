package serve

import (
	"crypto/tls"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificateAge is how old a look at the files may be.
const certificateAge = 10 * time.Second

// A certificate is a pair of files that is read again when it changes. A pair
// that does not fit, which a renewal may leave for a moment, keeps the old one.
type certificate struct {
	cert, key string
	logger    *slog.Logger

	mu      sync.Mutex
	pair    *tls.Certificate
	changed [2]time.Time // when the files were written that pair is from
	looked  time.Time
}

func loadCertificate(cert, key string, l *slog.Logger) (*certificate, error) {
	c := &certificate{cert: cert, key: key, logger: l}
	return c, c.load()
}

func (c *certificate) load() error {
	var changed [2]time.Time
	for i, name := range []string{c.cert, c.key} {
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		changed[i] = info.ModTime()
	}
	if c.pair != nil && changed == c.changed {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return err
	}
	if c.pair != nil {
		c.logger.Info("certificate read again", "file", c.cert)
	}
	c.pair, c.changed = &pair, changed
	return nil
}

// get is tls.Config.GetCertificate.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.looked) > certificateAge {
		c.looked = time.Now()
		if err := c.load(); err != nil {
			c.logger.Error("certificate not read again; the one before counts", "error", err)
		}
	}
	return c.pair, nil
}
