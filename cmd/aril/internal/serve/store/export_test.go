package store

import "context"

// Setting is what PostgreSQL says of a setting, in a connection of the store.
func (s *Store) Setting(ctx context.Context, name string) (value string, err error) {
	err = s.db.(*postgresDatabase).pool.QueryRow(ctx, "SELECT current_setting($1)", name).Scan(&value)
	return value, err
}
