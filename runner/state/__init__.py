"""What must outlive a run: the ledger of every chunk and every person it holds. No telephone number, ever."""
