package store

import (
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/hex"

	"github.com/aril-wasm/aril/runtime/enrich"
)

// digestOf tells documents apart. No name has a zero byte in it.
func digestOf(doc enrich.Document) string {
	h := sha256.New()
	h.Write([]byte(doc.Name))
	h.Write([]byte{0})
	h.Write(doc.JSON)
	return hex.EncodeToString(h.Sum(nil))
}

func (db *sqliteDatabase) loadDefinitions(ctx context.Context) (docs []enrich.Document, generation string, err error) {
	// The writer, so that both are of one moment.
	err = db.writer.with(ctx, func(c *sqliteConn) error {
		docs = nil
		return db.write(c, func() error {
			err := c.query(ctx, func(row []driver.Value) error {
				document, _ := row[1].([]byte)
				docs = append(docs, enrich.Document{Name: str(row[0]), JSON: document})
				return nil
			}, `SELECT name, document FROM definitions ORDER BY name, digest`)
			if err != nil {
				return err
			}
			generation, err = sqliteGeneration(ctx, c)
			return err
		})
	})
	return docs, generation, err
}

func sqliteGeneration(ctx context.Context, c *sqliteConn) (generation string, err error) {
	err = c.queryOne(ctx, func(row []driver.Value) error { generation = str(row[0]); return nil }, `SELECT generation FROM definitions_generation`)
	return generation, err
}

func (db *sqliteDatabase) saveDefinitions(ctx context.Context, docs []enrich.Document, generation, next string) error {
	return db.writer.with(ctx, func(c *sqliteConn) error {
		return db.write(c, func() error {
			stored, err := sqliteGeneration(ctx, c)
			if err != nil {
				return err
			}
			if stored != generation {
				return ErrChanged
			}
			old := map[string]bool{}
			err = c.query(ctx, func(row []driver.Value) error { old[str(row[0])] = true; return nil }, `SELECT digest FROM definitions`)
			if err != nil {
				return err
			}
			for _, doc := range docs {
				digest := digestOf(doc)
				delete(old, digest)
				if _, err := c.exec(ctx, `INSERT INTO definitions (digest, name, document) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, digest, doc.Name, doc.JSON); err != nil {
					return err
				}
			}
			for digest := range old {
				if _, err := c.exec(ctx, `DELETE FROM definitions WHERE digest = ?`, digest); err != nil {
					return err
				}
			}
			_, err = c.exec(ctx, `UPDATE definitions_generation SET generation = ?`, next)
			return err
		})
	})
}
