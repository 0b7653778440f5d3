"""From page to page: walker, frontier, page reader, robots.txt, loops."""
