"""deploy/aws/checker - what deploy/aws/check consists of."""
