package store

import (
	"context"
	"errors"
)

func openPostgres(ctx context.Context, url string, o Options) (database, error) {
	return nil, errors.New("not yet")
}
