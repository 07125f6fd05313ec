package mapping

import "os"
