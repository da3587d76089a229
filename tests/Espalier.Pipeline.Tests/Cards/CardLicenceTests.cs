using Espalier.Pipeline.Cards;

namespace Espalier.Tests.Cards;

public sealed class CardLicenceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("---\nlicense: mit\n---\n# Model\n", "mit", null, null)]
    [InlineData("---\r\nlicense: [apache-2.0]\r\ntags:\r\n- a\r\n---\r\n", "apache-2.0", null, null)]
    [InlineData("---\nlicense: other\nlicense_name: nvidia-open-model-license\nlicense_link: https://host/x\n---\n", "other",
        "nvidia-open-model-license", "https://host/x")]
    [InlineData("# Model\n\nLicence: same as the project (Apache-2.0).\n", "apache-2.0", null, null)]
    [InlineData("# Model\n\n**License**: Apache 2.0\n", "apache-2.0", null, null)]
    [InlineData("# Model\n\n- License: MIT\n", "mit", null, null)]
    public void A_readme_says_it(string readme, string id, string? name, string? link)
    {
        Write("README.md", readme);
        var licence = CardLicence.Of(_folder.Path);
        Assert.Equal((id, name, link), (licence.Id, licence.Name, licence.Link));
        Assert.Contains("README.md", licence.Said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("                                 Apache License\n                           Version 2.0, January 2004\n", "apache-2.0")]
    [InlineData("MIT License\n\nCopyright\n\nPermission is hereby granted, free of\ncharge, to any person", "mit")]
    [InlineData("LLAMA 3.1 COMMUNITY LICENSE AGREEMENT\n", "llama3.1")]
    [InlineData("META LLAMA 3 COMMUNITY LICENSE AGREEMENT\n", "llama3")]
    [InlineData("Our own licence: ask us.\n", "other")]
    public void Its_own_text_says_it(string text, string id)
    {
        Write("LICENSE", text);
        Write("NOTICE", "A notice.");
        Write("README.md", "# Model\n");
        var licence = CardLicence.Of(_folder.Path);
        Assert.Equal(id, licence.Id);
        Assert.Equal(id == "other" ? "LICENSE" : null, licence.Link);
        Assert.Equal(["LICENSE", "NOTICE"], licence.Files);
        Assert.Contains("`LICENSE`, `NOTICE` in this folder", licence.Sentence("it"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("# Model\n\nTrained on TinyStories (MIT), licensed by somebody.\n")]
    [InlineData("---\nlicense:\n---\n# Model\n")]
    [InlineData("---\nlicense: {a: b}\n---\n# Model\n")]
    [InlineData("---\n*: [broken\n---\n# Model\n")]
    [InlineData("# Model\n\nLicense: MITRE's own\n")]
    public void Where_nothing_says_it_it_is_unknown(string? readme)
    {
        if (readme is not null)
            Write("README.md", readme);
        Write("NOTICE", "A notice is no licence.");
        var licence = CardLicence.Of(_folder.Path);
        Assert.Null(licence.Id);
        Assert.Contains("unknown", licence.Sentence("it"), StringComparison.Ordinal);
    }

    private void Write(string name, string text) => File.WriteAllText(_folder.Of(name), text);
}
