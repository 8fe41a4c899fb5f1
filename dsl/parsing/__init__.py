"""Text to surface trees and back: lexing, the LALR driver over ready-made tables, recovery, the formatter."""
