using Espalier.Compression.Data.Records;
using Espalier.Compression.Data.Xml;

namespace Espalier.Compression.Tests.Data.Formats;

public sealed class XmlDocumentationTests : IDisposable
{
    private readonly DataFixture _data = new();
    private readonly SkipCounts _skips = new();

    public void Dispose() => _data.Dispose();

    [Theory]
    [InlineData("T:System.Collections.Generic.List`1", "System.Collections.Generic.List<T>")]
    [InlineData("M:System.String.Split(System.Char,System.StringSplitOptions)", "String.Split(char, StringSplitOptions)")]
    [InlineData("M:System.String.Trim", "String.Trim()")]
    [InlineData("P:System.String.Length", "String.Length")]
    [InlineData("P:A.B.Item(System.Int32)", "B.Item[int]")]
    [InlineData("M:A.Cat.#ctor(System.Byte[],System.Int32@)", "new Cat(byte[], ref int)")]
    [InlineData("M:A.Cat.#ctor", "new Cat()")]
    [InlineData("M:A.Cat.System#Collections#IEnumerable#GetEnumerator", "Cat.IEnumerable.GetEnumerator()")]
    [InlineData("M:A.Cat.op_Implicit(A.Cat)~System.Decimal", "Cat.operator Implicit(Cat)")]
    [InlineData("M:A.Cat.Do(System.Collections.Generic.Dictionary{System.String,System.Int32[0:,0:]},System.Char*)",
        "Cat.Do(Dictionary<string, int[,]>, char*)")]
    [InlineData("M:A.Cat.Get``1(System.Func{``0,`0})", "Cat.Get<TResult>(Func<TResult, TItem>)")]
    public void Ids_become_readable_headings(string id, string expected) =>
        Assert.Equal(expected, XmlMemberName.Heading(id, id[0] == 'T' ? ["T"] : ["TItem"], ["TResult"]));

    [Theory]
    [InlineData("T:System.Int32", "int")]
    [InlineData("T:System.Text.StringBuilder", "StringBuilder")]
    [InlineData("T:System.Collections.Generic.Dictionary`2", "Dictionary<T1, T2>")]
    [InlineData("M:System.String.Split(System.Char)", "String.Split")]
    [InlineData("F:System.Double.NaN", "Double.NaN")]
    [InlineData("Overload:System.Object.Equals", "Object.Equals")]
    [InlineData("N:System.Linq", "System.Linq")]
    [InlineData("System.Exception", "Exception")]
    public void References_become_short_names(string id, string expected) => Assert.Equal(expected, XmlMemberName.Short(id));

    [Fact]
    public void Random_ids_never_throw()
    {
        var random = new Random(3);
        const string letters = "TMP:.`{}[](),@*~#Ab0";
        for (var round = 0; round < 20_000; round++)
        {
            var id = string.Concat(Enumerable.Range(0, random.Next(0, 24)).Select(_ => letters[random.Next(letters.Length)]));
            XmlMemberName.Short(id);
            XmlMemberName.Heading(id, ["T"], ["U"]);
        }
        XmlMemberName.Short("T:" + new string('{', 4000) + new string('}', 4000));
    }

    [Fact]
    public void Member_is_rendered_as_prose()
    {
        var text = Assert.Single(Read("""
            <member name="T:A.Cat"><summary>Represents a small animal.</summary></member>
            <member name="M:A.Cat.Feed(System.String)">
              <summary>Feeds the cat with <paramref name="food" />, see <see cref="T:System.Int32" />
                or <c>x &lt; 1</c>.<para>It eats at once.</para></summary>
              <param name="food">What the cat is given to eat.</param>
              <returns><see langword="true" /> if it ate all of it; the values are:
                <list type="table"><listheader><term>Value</term><description>Meaning</description></listheader>
                <item><term>Zero</term><description>the cat is not hungry</description></item></list></returns>
              <exception cref="T:System.ArgumentNullException"><paramref name="food" /> is nothing at all.</exception>
            </member>
            <member name="F:A.Cat.None"><summary>void f(int)</summary></member>
            """));
        Assert.Equal("""
            # A.Cat

            Represents a small animal.

            ## Cat.Feed(string)

            Feeds the cat with food, see int or `x < 1`.
            It eats at once.
            - food: What the cat is given to eat.
            Returns: true if it ate all of it; the values are:
            - Zero: the cat is not hungry
            Throws ArgumentNullException: food is nothing at all.
            """, text);
        Assert.Equal("1 no-prose", _skips.ToString());
    }

    [Fact]
    public void Repeated_summaries_and_lines_are_dropped_and_counted()
    {
        var text = Assert.Single(Read("""
            <member name="M:A.Cat.One"><summary>Does the thing at once.</summary><param name="x">The value to be used.</param></member>
            <member name="M:A.Cat.Two"><summary>Does the thing at once.</summary></member>
            <member name="M:A.Cat.Three"><summary>Does another thing later.</summary><param name="x">The value to be used.</param></member>
            """));
        Assert.Equal(
            "# A.Cat\n\n## Cat.One()\n\nDoes the thing at once.\n- x: The value to be used.\n\n## Cat.Three()\n\nDoes another thing later.",
            text);
        Assert.Equal(2, _skips[SkipReason.DuplicateProse]);
    }

    [Theory]
    [InlineData("Gets the name of it.", true)]
    [InlineData("unsigned __int64 _mm_cvt_roundsd_u64 (__m128d a, int rounding)", false)]
    [InlineData("A32: VCGT.S16 Qd, Qn, Qm", false)]
    [InlineData("The key.", false)]
    public void Sentences_are_told_from_signatures(string line, bool expected) => Assert.Equal(expected, XmlProse.IsSentence(line));

    [Fact]
    public void Large_types_are_cut_between_members_and_small_ones_share_a_document()
    {
        var large =
            string.Concat(Enumerable.Range(0, 200)
                .Select(i => $"<member name=\"M:A.Cat.Do{i}\"><summary>Does the thing with number {i} at once.</summary></member>"));
        var small =
            string.Concat(Enumerable.Range(0, 20)
                .Select(i => $"<member name=\"T:A.Small{i}\"><summary>Represents the small thing with number {i}.</summary></member>"));
        var texts = Read(large + small);
        Assert.All(texts, text => Assert.InRange(text.Length, 1, 4096));
        Assert.All(texts.SkipLast(1), text => Assert.InRange(text.Length, 1024, 4096));
        Assert.Equal(200, texts.Sum(text => text.Split("## ").Length - 1));
        Assert.All(texts.Take(3), text => Assert.StartsWith("# A.Cat\n", text, StringComparison.Ordinal));
    }

    [Fact]
    public void Broken_xml_is_refused_with_file_and_line()
    {
        var file = _data.Write("a.xml", "<doc><members>\n<member name=\"T:A\"><summary>It is here</summry></member></members></doc>");
        var error = Assert.Throws<EspalierException>(() => DataFixture.Texts(_skips, file));
        Assert.Contains("a.xml' line 2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Document_types_are_refused_so_that_entities_cannot_grow()
    {
        var file = _data.Write("a.xml", "<!DOCTYPE doc [<!ENTITY a \"aaaa\">]>\n<doc><members/></doc>");
        Assert.Contains("DTD", Assert.Throws<EspalierException>(() => DataFixture.Texts(_skips, file)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_xml_is_skipped_and_counted()
    {
        Assert.Empty(DataFixture.Texts(_skips, _data.Write("a.xml", "<project/>")));
        Assert.Equal(1, _skips[SkipReason.NotDocumentation]);
    }

    [Fact]
    public void Deeply_nested_elements_end_neither_the_stack_nor_the_reading()
    {
        var deep = string.Concat(Enumerable.Repeat("<para>", 20_000)) + "deep" + string.Concat(Enumerable.Repeat("</para>", 20_000));
        var text = Assert.Single(Read($"<member name=\"T:A.B\"><summary>Something is said here. {deep}</summary></member>"));
        Assert.Equal("# A.B\n\nSomething is said here.", text);
    }

    [Fact]
    public void Newest_pack_of_an_sdk_is_found_and_an_absent_one_is_named()
    {
        foreach (var version in (string[])["9.0.11", "10.0.2", "10.0.10", "10.0.10-rc.1"])
            _data.Write($"packs/Microsoft.NETCore.App.Ref/{version}/ref/net{version[..2].TrimEnd('.')}.0/System.xml", "<doc/>");
        Assert.EndsWith("10.0.10/ref/net10.0", DotnetDocs.FindFolder(_data.Folder), StringComparison.Ordinal);
        var error = Assert.Throws<EspalierException>(() => DotnetDocs.FindFolder(_data.At("packs")));
        Assert.Contains("DOTNET_ROOT", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Documentation_of_the_sdk_holds_enough_distinct_prose()
    {
        var file = Path.Combine(DotnetDocs.FindFolder(), "System.Collections.xml");
        var texts = DataFixture.Texts(_skips, file);
        Assert.True(texts.Sum(text => text.Length) > 50_000);
        Assert.Equal(texts.Count, texts.Distinct().Count());
        Assert.All(texts, text => Assert.DoesNotContain("<see", text, StringComparison.Ordinal));
    }

    private List<string> Read(string members) =>
        DataFixture.Texts(_skips,
            _data.Write("a.xml", $"<?xml version=\"1.0\"?><doc><assembly><name>A</name></assembly><members>{members}</members></doc>"));
}
