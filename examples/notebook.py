# %% [markdown]
# # What is on that server?
#
# A notebook in the percent format: VS Code, Spyder and Jupyter (with jupytext) open it as cells. A notebook already
# runs an event loop, so a cell may use `await` at top level.

# %%
from collections import Counter

import crawler

URL = "https://files.example.org/pub/"

# %% All entries below URL; nothing is saved
async with crawler.walk(URL, max_depth=2) as walk:
    entries = [entry async for entry in walk]
files = [entry for entry in entries if entry.kind is crawler.Kind.FILE]
print(f"{len(files)} files, {len(entries) - len(files)} directories")

# %% Number of files and maximum total size by extension
count = Counter(file.name.rpartition(".")[2] for file in files)
size = Counter[str]()
for file in files:
    if file.size is not None:
        size[file.name.rpartition(".")[2]] += file.size.high
for extension, number in count.most_common():
    print(f"{extension:8} {number:6} {size[extension]:12,} bytes")

# %% Fetch some of them; if this cell runs again, nothing is fetched twice
report = await crawler.mirror(URL, "notebook-data", ext="txt", max_files=20)  # noqa: F704
print(f"{report.saved} saved, {report.unchanged} unchanged, {report.skipped} skipped")
report  # noqa: B018  # the last value of a cell is shown as a table
