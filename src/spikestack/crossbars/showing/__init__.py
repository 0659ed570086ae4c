"""Pictures of crossbars."""
