using Espalier.Pipeline.Cards;

namespace Espalier.Tests.Cards;

public sealed class CardFrontMatterTests
{
    [Theory]
    [InlineData("apache-2.0")]
    [InlineData("no")]
    [InlineData("1.0")]
    [InlineData("a: b # c")]
    [InlineData("- \"quoted\" \\ and 'more'")]
    [InlineData("line\nbreak\ttab\u0001")]
    [InlineData("ünï \ud83d\ude00 --- ")]
    [InlineData("{a}")]
    [InlineData("[a]")]
    [InlineData("&anchor")]
    [InlineData("@at")]
    public void Every_text_comes_back_as_yaml_reads_it(string text)
    {
        var page = new CardPage();
        CardFrontMatter.Write(page, new(text, text, text, "its README.md", []), text, "x", [text, "espalier"]);
        var read = (YamlMap)YamlTree.Parse(page.ToString().TrimEnd()[4..^4], "card", new("card", "fields"));
        Assert.Equal(["license", "license_name", "license_link", "base_model", "library_name", "pipeline_tag", "tags"],
            read.Entries.Select(entry => entry.Key.Text));
        Assert.All(read.Entries.Take(4), entry => Assert.Equal(text, Assert.IsType<YamlText>(entry.Value).Text));
        Assert.Equal([text, "espalier"], ((YamlList)read.Entries[^1].Value).Items.Select(item => ((YamlText)item).Text));
    }

    [Fact]
    public void What_is_not_known_is_left_out()
    {
        var page = new CardPage();
        CardFrontMatter.Write(page, new(null, null, null, null, []), null, "a\nb", ["espalier"]);
        var read = (YamlMap)YamlTree.Parse(page.ToString().TrimEnd()[4..^4], "card", new("card", "fields"));
        Assert.Equal(["library_name", "pipeline_tag", "tags"], read.Entries.Select(entry => entry.Key.Text));
    }

    [Theory]
    [InlineData("/cache/huggingface/hub/models--meta-llama--Llama-3.1-8B/snapshots/0123abc", "meta-llama/Llama-3.1-8B")]
    [InlineData("/cache/models--gpt2/snapshots/0123abc/", "gpt2")]
    [InlineData("/cache/models--a--b", null)]
    [InlineData("/models/quickstart-teacher", null)]
    public void A_folder_of_the_hubs_cache_has_a_name_there(string folder, string? name) =>
        Assert.Equal(name, CardFrontMatter.HubNameOf(folder));
}
