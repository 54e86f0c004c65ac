package guard

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// tokenPrefix lets people and scanners of secrets see what a token is.
const tokenPrefix = "aril_"

// secretLength is that of a token: 32 random bytes in base64url, and the prefix.
var secretLength = len(tokenPrefix) + base64.RawURLEncoding.EncodedLen(32)

// NewToken makes a secret of 256 random bits, for the caller, and its digest,
// for the file of tokens. The secret is kept nowhere.
func NewToken() (secret, digest string) {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails: see crypto/rand
	secret = tokenPrefix + base64.RawURLEncoding.EncodeToString(b)
	sum := sha256.Sum256([]byte(secret))
	return secret, hex.EncodeToString(sum[:])
}

// bearer takes the secret out of Authorization. What is no token by its form
// is refused before it is hashed.
func bearer(lines []string) (secret, wrong string) {
	if len(lines) == 0 {
		return "", "missing"
	}
	if len(lines) > 1 {
		return "", "malformed" // whoever stands in front may have read the other one
	}
	scheme, secret, ok := strings.Cut(lines[0], " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || len(secret) != secretLength || !strings.HasPrefix(secret, tokenPrefix) {
		return "", "malformed"
	}
	for i := len(tokenPrefix); i < len(secret); i++ {
		c := secret[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return "", "malformed"
		}
	}
	return secret, ""
}
