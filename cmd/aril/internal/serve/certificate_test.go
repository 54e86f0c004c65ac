package serve

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// newPair writes a certificate for 127.0.0.1 and its key.
func newPair(t *testing.T, dir, name string) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &secret.PublicKey, secret)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(secret)
	require.NoError(t, err)
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	require.NoError(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600))
	pool = x509.NewCertPool()
	parsed, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pool.AddCert(parsed)
	return cert, key, pool
}

func TestTheAPIIsServedOverTLS(t *testing.T) {
	t.Parallel()
	cert, key, pool := newPair(t, t.TempDir(), "one")
	r := runs(t, Config{TLSCert: cert, TLSKey: key})
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Get(strings.Replace(r.api, "http:", "https:", 1) + "/readyz")
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, 200, resp.StatusCode)
	require.Equal(t, 1, resp.ProtoMajor)
	_, err = tls.Dial("tcp", strings.TrimPrefix(r.api, "http://"), &tls.Config{RootCAs: pool, MaxVersion: tls.VersionTLS11}) //nolint:gosec // it must be refused
	require.Error(t, err)
	require.NoError(t, r.end(t))
}

func TestACertificateThatIsRenewedIsReadAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key, _ := newPair(t, dir, "one")
	var log text
	c, err := loadCertificate(cert, key, slog.New(slog.NewTextHandler(&log, nil)))
	require.NoError(t, err)
	name := func() string {
		t.Helper()
		c.looked = time.Time{} // long ago
		pair, err := c.get(nil)
		require.NoError(t, err)
		return pair.Leaf.Subject.CommonName
	}
	require.Equal(t, "one", name())
	newPair(t, dir, "two")
	later := time.Now().Add(time.Minute)
	require.NoError(t, os.Chtimes(cert, later, later))
	require.Equal(t, "two", name())

	// Half a renewal: a certificate whose key is not there yet.
	kept, err := os.ReadFile(key)
	require.NoError(t, err)
	newPair(t, dir, "three")
	require.NoError(t, os.WriteFile(key, kept, 0o600))
	require.Equal(t, "two", name())
	require.Contains(t, log.String(), "the one before counts")
}
