package directory

import "house.example/x/internal/access"
