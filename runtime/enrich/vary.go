package enrich

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"strings"
)

// cacheKey is what an extension's value is kept under. ok is false where its
// policy asks for what is no JSON.
func (s *pass) cacheKey(x *Extension) (key string, ok bool) {
	h := sha256.New()
	part := func(text string) {
		var n [8]byte
		binary.LittleEndian.PutUint64(n[:], uint64(len(text)))
		h.Write(n[:])
		h.Write([]byte(text))
	}
	part(itoa(int(s.catalogue.generation)))
	part(x.Identity.String())
	for _, v := range x.Cache.Vary {
		kind, name, _ := strings.Cut(v, ":")
		part(v)
		switch kind {
		case "instance":
			part(s.context.Instance.Domain + "/" + s.context.Instance.Flow)
			part(s.instance.ID + "/" + s.instance.Key + "/" + s.instance.ETag)
			if s.instance.ETag == "" || s.instance.ID == "" && s.instance.Key == "" {
				raw, err := json.Marshal(s.context.Instance.Data)
				if err != nil {
					return "", false
				}
				part(string(raw))
			}
		case "caller":
			part(s.request.Caller.ID)
		case "header":
			part(s.context.Headers[strings.ToLower(name)])
		case "query":
			part(s.context.QueryParameters[name])
		case "data":
			raw, err := json.Marshal(at(s.context.Instance.Data, name))
			if err != nil {
				return "", false
			}
			part(string(raw))
		}
	}
	return hex.EncodeToString(h.Sum(nil)), true
}
