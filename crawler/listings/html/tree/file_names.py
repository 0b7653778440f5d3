"""Tells names of files from words, versions and hosts."""

from __future__ import annotations

import re
from collections import Counter

from crawler.model.struct import Struct, field

_FILE_NAME = re.compile(
    r".\.(?!(?:s?html?|php\d?|aspx?|jsp|cgi|do)$)(?=[A-Za-z0-9]*[A-Za-z])(?![0-689]\d*[a-z]$)[A-Za-z0-9]{1,7}"
    r"(?:\.(?:gz|xz|bz2|zst|asc|sig|md5|sha\d+))?$",
    re.IGNORECASE,
)
"""A name with an extension, which contains a letter: ``3.6.4`` and ``name-1.00`` are versions."""
_HOST_NAME = re.compile(
    r"(?:[a-z0-9-]+\.)+(?:com|org|net|edu|gov|info|biz|io|eu|uk|de|fr|nl|it|es|ch|at|us|ca|ru|jp|cn|br|pl|se|no|fi|dk"
    r"|dev|cloud|xyz|online|site|local|lan|internal|arpa|test|example|invalid)$",
    re.IGNORECASE,
)


def is_filelike(name: str) -> bool:
    """True for a name with a file extension other than a web page's."""
    return bool(_FILE_NAME.search(name[-40:])) and not _HOST_NAME.match(name)


_COMMON = """
7z ace alz apk appx ar arc arj bin br bz bz2 cab cpio crate crx ctan dar deb dmg drpm dsc ear egg esd flatpak gem gz
gzip hqx img ipa iso jar jmod kdz lha lz lz4 lzh lzma lzo msi msix msu nar nupkg ova ovf pak phar pkg qcow2 rar raw
rpm rz s7z sfs sit sitx snap swm tar taz tbz tbz2 tgz tlz txz tzst udeb udf vdi vhd vhdx vmdk vsix war wim whl xar
xpi xz z zip zipx zoo zpaq zst asc b3 blake2 crc crt cer csr der gpg kbx md5 md5sum md5sums meta4 p7s p12 pem pub
sfv sha sha1 sha224 sha256 sha384 sha512 sig sign torrent zsync sbom spdx abw azw azw3 bib cbr cbz chm csv dbk djv
djvu doc docm docx dotx dvi epub fb2 ics key lit log lyx man md mht mhtml mobi numbers odf odg odp ods odt org ott
oxps pages pdb pdf pot potx pps ppsx ppt pptm pptx prc ps rst rtf sxw tex texi texinfo tsv txt vcf wpd wps xls xlsb
xlsm xlsx xps 3ds 3gp 3mf aac ac3 ai aif aiff amr ape ass asf au avi avif bmp blend caf cdr cr2 cur dae dcm dds
dicom dng dwg dxf emf eps exr fbx fits flac flv gif glb gltf gpx hdr heic heif ico icns igs indd it jfif jp2 jpe
jpeg jpg jxl kml kmz m2ts m3u m3u8 m4a m4b m4v mid midi mka mkv mod mov mp2 mp3 mp4 mpa mpe mpeg mpg mts mxf nef obj
oga ogg ogv opus orf otf pcx pfb pfm pgm pic pict pls png pnm ppm psd pxr qt ra ram rm rmvb s3m sgi sid skp spx srt
ssa step stl stp sub svg svgz swf tga tif tiff ts ttc ttf vob vtt wav webm webp wma wmf wmv woff woff2 x3d xbm xcf
xm xpm y4m accdb arff arrow avro bag bcf bed bigwig bw cdf cif cram db db3 dbf dem dta dump e00 ecw fa fai fasta
fast5 fastq feather fig fna fq geojson gff gff3 gtf gml gpkg grb grb2 grib grib2 h5 hdf hdf4 hdf5 he5 hgt idx ipynb
json jsonl jsonld kch laz las ldif mat mdb mmdb msgpack nc nc4 ndjson nii npy npz nt onnx orc osm owl parquet pbf
pcap pcapng pickle pkl pt pth rdata rdf rds rdb sam sav shp shx sql sqlite sqlite3 ttl wkt xml xsd xsl xslt yaml yml
zarr gguf ggml ada ahk app asm awk bas bash bat c cc cfg clj cls cmake cmd coffee com conf cpp cs css cu cxx d dart
def diff dll dtd dylib ebuild el elf elm erl exe exs f90 for fs go gradle groovy h hex hh hpp hs hxx inc inf ini ino
iml java jl js jsx kt ks less lib lisp lock lua m4 mak map mf mjs ml mli mo nix nim o opt pas patch pid pl plist pm
po pom prefs prj ps1 py pyc pyd pyi pyw r rb reg rkt rom rs s sass sbt scala scm scss sh sln so spec srec st sv
swift sys tcl tf toml tpl tsx uf2 v vala vb vbs vhdl vim vue wasm wat wsdl xhtml zig zsh 001 bak backup bundle cue
files list lst nfo nzb old orig out par par2 part partial pkgs rej save session swp tmp temp trace unl xdelta
"""
"""Extensions: of archives and packages, digests and keys, documents, media, data, sources and settings, copies."""
_TYPES = frozenset(_COMMON.split())


class Names(Struct):
    """How many of the names of files on a page look like files."""

    filelike: int = 0
    typed: int = 0
    """Names with the extension of a common type."""
    others: Counter[str] = field(default_factory=Counter)
    """Other extensions, and how often they occur."""

    def add(self, name: str, *, is_file: bool) -> None:
        """Count ``name``, unless it is that of a directory."""
        if is_file and is_filelike(name):
            self.filelike += 1
            extension = name.rpartition(".")[2].lower()
            if extension in _TYPES:
                self.typed += 1
            else:
                self.others[extension] += 1

    def counts(self) -> dict[str, int]:
        """The fields of ``Evidence``."""
        return {"filelike": self.filelike, "typed": self.typed, "alike": max(self.others.values(), default=0)}
