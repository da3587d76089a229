using Espalier.Models.Chat;

namespace Espalier.Tests.Chat;

/// <summary>Where a folder's template comes from, what it sees, and what is said where it does not go.</summary>
public sealed class ChatTemplateTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_template_in_the_config_sees_the_special_tokens_there()
    {
        Write("tokenizer_config.json", """
            {"bos_token": "<s>", "eos_token": {"content": "</s>", "lstrip": false}, "unk_token": null,
             "chat_template": "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}{{ unk_token is defined }}"}
            """);
        Assert.Equal("<s>hi</s>False", ChatTemplate.Load(_folder.Path).Render([ChatMessage.User("hi")]));
    }

    [Fact]
    public void Without_names_in_the_config_the_special_tokens_come_from_their_own_file()
    {
        Write("tokenizer_config.json", """{"chat_template": "{{ bos_token }}|{{ eos_token }}"}""");
        Write("special_tokens_map.json", """{"bos_token": "<a>", "eos_token": {"content": "<b>"}}""");
        Assert.Equal("<a>|<b>", ChatTemplate.Load(_folder.Path).Render([]));
    }

    [Fact]
    public void Its_own_file_goes_before_the_config()
    {
        Write("tokenizer_config.json", """{"chat_template": "config"}""");
        Write("chat_template.jinja", "file\n");
        Assert.Equal("file", ChatTemplate.Load(_folder.Path).Render([]));
    }

    [Fact]
    public void Of_named_templates_the_default_is_taken_and_with_tools_the_one_for_tools()
    {
        Write("tokenizer_config.json", """
            {"chat_template": [{"name": "default", "template": "plain"}, {"name": "tool_use", "template": "{{ tools|length }} tools"},
             {"name": "rag", "template": "{{ documents[0].title }}"}]}
            """);
        var template = ChatTemplate.Load(_folder.Path);
        Assert.Equal(["default", "rag", "tool_use"], template.Names.Order());
        Assert.Equal("plain", template.Render([]));
        Assert.Equal("2 tools", template.Render([], new ChatOptions { Tools = [new JsonObject(), new JsonObject()] }).Text);
        Assert.Equal("plain", template.Render([], new ChatOptions { Tools = [new JsonObject()], TemplateName = "default" }).Text);
        Assert.Equal("T", template.Render([], new ChatOptions { TemplateName = "rag", Documents = [new JsonObject { ["title"] = "T" }] }).Text);
        var error = Assert.Throws<EspalierException>(() => template.Render([], new ChatOptions { TemplateName = "chat" }));
        Assert.Contains("'chat'; it has default, rag, tool_use", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Further_templates_lie_in_a_folder_of_their_own()
    {
        Write("chat_template.jinja", "plain");
        Directory.CreateDirectory(_folder.Of("additional_chat_templates"));
        Write("additional_chat_templates/tool_use.jinja", "tools");
        var template = ChatTemplate.Load(_folder.Path);
        Assert.Equal("plain", template.Render([]));
        Assert.Equal("tools", template.Render([], new ChatOptions { Tools = [] }).Text);
    }

    [Fact]
    public void A_folder_without_a_template_is_said_to_have_none()
    {
        Write("tokenizer_config.json", """{"bos_token": "<s>"}""");
        Assert.Null(ChatTemplate.Find(_folder.Path));
        var error = Assert.Throws<EspalierException>(() => ChatTemplate.Load(_folder.Path));
        Assert.Contains("has no chat template (chat_template.jinja, or chat_template in tokenizer_config.json)", error.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void An_error_names_the_file_and_the_line()
    {
        Write("chat_template.jinja", "one\n{{ messages[0].content }}\n{{ messages[1].content }}\n");
        var error = Assert.Throws<EspalierException>(() => ChatTemplate.Load(_folder.Path).Render([ChatMessage.User("x")]));
        Assert.Equal($"{_folder.Of("chat_template.jinja")}, line 3: list object has no element 1", error.Message);

        Write("chat_template.jinja", "one\n{% if x %}\n{% endfor %}");
        error = Assert.Throws<EspalierException>(() => ChatTemplate.Load(_folder.Path).Render([]));
        Assert.StartsWith($"{_folder.Of("chat_template.jinja")}, line 3: there is no tag 'endfor'", error.Message, StringComparison.Ordinal);

        Write("chat_template.jinja", "\n\n{{ raise_exception('no ' ~ messages|length ~ ' messages\nplease') }}");
        error = Assert.Throws<EspalierException>(() => ChatTemplate.Load(_folder.Path).Render([]));
        Assert.EndsWith("line 3: it rejects these messages: no 0 messages please", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Variables_go_before_special_tokens_and_the_generation_prompt_is_one()
    {
        var template = ChatTemplate.Of("{{ eos_token }}{{ add_generation_prompt }}{{ enable_thinking }}{{ tools is none }}", "t",
            new Dictionary<string, string> { ["eos_token"] = "</s>" });
        Assert.Equal("</s>TrueTrue", template.Render([], addGenerationPrompt: true));
        Assert.Equal("<e>FalseFalseTrue", template.Render([], new ChatOptions
        {
            Variables = new JsonObject { ["enable_thinking"] = false, ["eos_token"] = "<e>" },
        }).Text);
    }

    [Fact]
    public void The_last_message_may_be_gone_on_with()
    {
        var template = ChatTemplate.Of("{% for m in messages %}<{{ m.role }}>{{ m.content }}</{{ m.role }}>{% endfor %}", "t");
        var trimming = ChatTemplate.Of("{% for m in messages %}<{{ m.role }}>{{ m.content|trim }}</{{ m.role }}>{% endfor %}", "t");
        var dropping = ChatTemplate.Of("{% for m in messages %}<{{ m.role }}>{% endfor %}", "t");
        ChatMessage[] messages = [ChatMessage.User("hi"), ChatMessage.Assistant("The answer is ")];
        var options = new ChatOptions { ContinueFinalMessage = true };
        Assert.Equal("<user>hi</user><assistant>The answer is ", template.Render(messages, options).Text);
        Assert.Equal("<user>hi</user><assistant>The answer is", trimming.Render(messages, options).Text);
        Assert.Throws<EspalierException>(() => dropping.Render(messages, options));
        Assert.Throws<EspalierException>(() => template.Render(messages, options with { AddGenerationPrompt = true }));
        Assert.Throws<EspalierException>(() => template.Render([], options));
        Assert.Equal("The answer is ", messages[1].Fields["content"]!.GetValue<string>());
    }

    [Fact]
    public void Several_threads_may_render_at_once()
    {
        var template = ChatTemplate.Of("{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + loop.index %}{% endfor %}{{ ns.n }}", "t");
        Parallel.For(0, 200, count => Assert.Equal($"{count * (count + 1) / 2}",
            template.Render(Enumerable.Repeat(ChatMessage.User("x"), count))));
    }

    public void Dispose() => _folder.Dispose();

    private void Write(string name, string text) => File.WriteAllText(_folder.Of(name), text);
}
