"""Who is told what when something happens to a visit: who, when, where and a link, never a clinical word."""
