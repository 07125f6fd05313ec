package config

import "github.com/stretchr/testify/assert"
