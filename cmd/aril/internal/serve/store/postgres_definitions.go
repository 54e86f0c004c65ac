package store

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/aril-wasm/aril/runtime/enrich"
)

func (db *postgresDatabase) loadDefinitions(ctx context.Context) (docs []enrich.Document, generation string, err error) {
	err = db.with(ctx, read, func(ctx context.Context, c *pgxpool.Conn) error {
		// Both are of one moment.
		return pgx.BeginTxFunc(ctx, c, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
			if err := tx.QueryRow(ctx, `SELECT generation FROM definitions_generation`).Scan(&generation); err != nil {
				return err
			}
			rows, _ := tx.Query(ctx, `SELECT name, document FROM definitions ORDER BY name, digest`)
			docs, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (doc enrich.Document, err error) {
				err = row.Scan(&doc.Name, &doc.JSON)
				return doc, err
			})
			return err
		})
	})
	return docs, generation, err
}

func (db *postgresDatabase) saveDefinitions(ctx context.Context, docs []enrich.Document, generation, next string) error {
	return db.with(ctx, write, func(ctx context.Context, c *pgxpool.Conn) error {
		return pgx.BeginTxFunc(ctx, c, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
			// This row is the lock of all of them.
			changed, err := tx.Exec(ctx, `UPDATE definitions_generation SET generation = $1 WHERE generation = $2`, next, generation)
			if err != nil {
				return err
			}
			if changed.RowsAffected() == 0 {
				return ErrChanged
			}
			rows, _ := tx.Query(ctx, `SELECT digest FROM definitions`)
			stored, err := pgx.CollectRows(rows, pgx.RowTo[string])
			if err != nil {
				return err
			}
			old := map[string]bool{}
			for _, digest := range stored {
				old[digest] = true
			}
			batch := &pgx.Batch{}
			kept := map[string]bool{}
			for _, doc := range docs {
				digest := digestOf(doc)
				kept[digest] = true
				if !old[digest] {
					batch.Queue(`INSERT INTO definitions (digest, name, document) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, digest, doc.Name, doc.JSON)
				}
			}
			for digest := range old {
				if !kept[digest] {
					batch.Queue(`DELETE FROM definitions WHERE digest = $1`, digest)
				}
			}
			return tx.SendBatch(ctx, batch).Close()
		})
	})
}
