package enrich

import (
	"context"
	"errors"
	"regexp"

	"github.com/aril-wasm/aril/abi/names"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/internal/reserved"
)

// ModuleSecrets is the capability by which a guest asks for a secret. Its one
// function, get, takes a map with the texts "store" and "key" and answers the
// text. Secrets that only a request's header or URL needs are better left to
// {{secrets.STORE.KEY}} in the task: the guest then never has them.
const ModuleSecrets = names.ModuleSecrets

var (
	errNoSecret   = errors.New("there is no such secret for this extension")
	errNoSecrets  = errors.New("the host has no secrets")
	errSecretName = &aril.Error{ErrorCode: "invalid_argument", Message: "a secret is named by store and key, 1 to 200 letters, digits, '.', '_', '/' and '-' each"}
	secretName    = regexp.MustCompile(`^[A-Za-z0-9._/-]{1,200}$`)
)

type secretQuery struct {
	Store string `msg:"store"`
	Key   string `msg:"key"`
}

// grants are what mappings may import.
func (c *Config) grants() aril.Grants {
	capabilities := c.Grants[:len(c.Grants):len(c.Grants)]
	if c.Secrets != nil {
		capabilities = append(capabilities, aril.Reserved(reserved.Key{}, ModuleSecrets,
			aril.Func("get", func(ctx context.Context, call *aril.Call, q secretQuery) (string, error) {
				v, err := c.secret(ctx, SecretRequest{Extension: call.Extension, Store: q.Store, Key: q.Key})
				if err != nil && !errors.Is(err, errSecretName) {
					c.Logger.Warn("no secret", "mapping", call.Extension, "store", q.Store, "key", q.Key, "error", err)
					return "", &aril.Error{ErrorCode: "not_found", Message: "there is no such secret for this mapping"}
				}
				return v, err
			})))
	}
	return aril.Grants{Capabilities: capabilities}
}

func (c *Config) secret(ctx context.Context, r SecretRequest) (string, error) {
	if c.Secrets == nil {
		return "", errNoSecrets
	}
	if !secretName.MatchString(r.Store) || !secretName.MatchString(r.Key) {
		return "", errSecretName
	}
	return c.Secrets(ctx, r)
}
