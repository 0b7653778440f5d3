# %% [markdown]
# # What is on that server?
#
# A notebook in the percent format: VS Code, Spyder and Jupyter (with jupytext) open it as cells. A notebook has an
# event loop already, so `await` stands at the top of a cell.

# %%
from collections import Counter

import crawler

URL = "https://files.example.org/pub/"

# %% All entries below URL; nothing is saved
async with crawler.walk(URL, crawler.Config(max_depth=2)) as walk:
    entries = [entry async for entry in walk]
files = [entry for entry in entries if entry.kind is crawler.Kind.FILE]
print(f"{len(files)} files, {len(entries) - len(files)} folders")

# %% How many of each extension, and how large at most
count = Counter(file.name.rpartition(".")[2] for file in files)
size = Counter[str]()
for file in files:
    if file.size is not None:
        size[file.name.rpartition(".")[2]] += file.size.high
for extension, number in count.most_common():
    print(f"{extension:8} {number:6} {size[extension]:12,} bytes")

# %% Fetch a part of it; run this cell again and nothing is fetched twice
report = await crawler.mirror(URL, "notebook-data", crawler.Config(ext=("txt",), max_files=20))  # noqa: F704
print(f"{report.saved} saved, {report.unchanged} unchanged, {report.skipped} skipped")
