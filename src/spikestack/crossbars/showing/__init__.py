"""Pictures of devices and crossbars."""
