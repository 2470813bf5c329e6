"""What apply does after yes: chunk after chunk, recorded before it leaves, paced, and stopped where it must be."""
